import { expect, test } from 'vitest'
import { createPageBuffers } from '../../src/metrics/page-buffers.ts'

/** Renders one page of `text`. */
function render(buffers: ReturnType<typeof createPageBuffers>, text: string): Buffer {
  const blank = buffers.blank(text.length)
  blank.write(text)
  buffers.publish(blank, text.length, 0)
  return blank
}

test('two buffers are enough while nobody is slow', () => {
  const buffers = createPageBuffers()
  const used = new Set(['one', 'two', 'six', 'ten'].map((text) => render(buffers, text)))
  expect(used.size).toBe(2)
})

test('a reader that lets go twice does not let go for another', () => {
  const buffers = createPageBuffers()
  render(buffers, 'one')
  const [first, second] = [buffers.lend(), buffers.lend()]
  first.release()
  first.release()
  for (const text of ['two', 'six', 'ten']) render(buffers, text)
  expect(second.page.body.toString()).toBe('one')
})

test('a page that is held when its format is given up stays as it is', () => {
  const buffers = createPageBuffers()
  render(buffers, 'one')
  const { page, release } = buffers.lend()
  buffers.clear()
  expect(buffers.front).toBeNull()
  for (const text of ['two', 'six', 'ten']) render(buffers, text)
  expect(page.body.toString()).toBe('one')
  release()
  for (const text of ['sun', 'sea', 'sky']) render(buffers, text)
  expect(buffers.front?.body.toString()).toBe('sky')
})

test('a larger page gets a larger buffer', () => {
  const buffers = createPageBuffers()
  for (const text of ['a', 'b', 'a'.repeat(5000), 'b'.repeat(5000)]) {
    render(buffers, text)
    expect(buffers.front?.body.toString()).toBe(text)
  }
})

test('there is nothing to lend before the first page', () => {
  expect(() => createPageBuffers().lend()).toThrow('No page is rendered yet')
})
