import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'tools-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A machine with nothing but these programs, on which we are not root. */
function installTools(...programs: readonly string[]) {
  return installToolsFor('up', programs)
}

function installToolsFor(target: string, programs: readonly string[]) {
  const bin = mkdtempSync(join(folder, 'bin-'))
  for (const name of programs) writeFileSync(join(bin, name), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  writeFileSync(join(bin, 'id'), '#!/bin/sh\necho 1000\n', { mode: 0o755 })
  const done = spawnSync('/bin/bash', ['scripts/install-tools.sh', target], { env: { PATH: bin }, encoding: 'utf8' })
  return { code: done.status, out: done.stdout, err: done.stderr }
}

test('with every program there is nothing to say', () => {
  const programs = ['prometheus', 'promtool', 'prometheus-alertmanager', 'chromium-headless-shell']
  expect(installTools(...programs)).toEqual({ code: 0, out: '', err: '' })
})

test('what only one test needs is not asked of anybody', () => {
  const programs = ['prometheus', 'promtool', 'amtool', 'prometheus-alertmanager', 'chromium-headless-shell']
  const more = ['pdftotext', 'make', 'git', 'curl', 'javac', 'apt-get']
  expect(installToolsFor('test', [...programs, ...more])).toEqual({ code: 0, out: '', err: '' })
})

test('on Debian, but not as root, it names the packages, the command, and the containers', () => {
  expect(installTools('apt-get', 'prometheus', 'promtool', 'chromium-headless-shell')).toEqual({
    code: 2,
    out: '',
    err: [
      'These programs are missing: prometheus-alertmanager',
      'Install them:  sudo apt-get update && sudo apt-get install --no-install-recommends prometheus-alertmanager',
      'Or run the same stack in containers:  docker compose --env-file deploy/compose/demo.env up',
      '',
    ].join('\n'),
  })
})

test('elsewhere it names what must be on the PATH, and the containers', () => {
  const { code, err } = installTools()
  expect(code).toBe(2)
  expect(err).toContain('Install Prometheus 2.42 or later and Alertmanager 0.25 or later')
  expect(err).toContain('docker compose --env-file deploy/compose/demo.env up')
})
