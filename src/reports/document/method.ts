import { html } from '../../html.ts'
import type { Words } from '../words/english.ts'
import type { Section, Writing } from './writing.ts'

export type MethodTopic = keyof Words['method']

/** How each figure is computed, so that a customer can check it. @param topics all where absent */
export function methodSection({ words }: Writing, topics?: readonly MethodTopic[]): Section {
  const told = topics === undefined ? Object.values(words.method) : topics.map((topic) => words.method[topic])
  return {
    id: 'method',
    title: words.sections.method,
    body: html`<dl class="method">${told.map(([name = '', text = '']) => html`<div><dt>${name}</dt><dd>${text}</dd></div>`)}</dl>`,
  }
}
