import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** The packed and installed package. */
export interface InstalledPackage {
  /** An otherwise empty folder in which `npm i <tarball>` was run. */
  readonly folder: string
  /** Paths within the tarball. */
  readonly files: readonly string[]
  readonly packedBytes: number
  readonly unpackedBytes: number
  /** Everything that npm put into node_modules. */
  readonly installedBytes: number
  readonly installedPackages: readonly string[]
}

const NPM = ['--no-fund', '--no-audit', '--loglevel=error']

/** Builds and packs the checkout, and installs the tarball as a user would, without install scripts; all below `root`. */
export function installPackage(root: string): InstalledPackage {
  const packed = npm(['pack', '--json', '--pack-destination', root], resolve('.'))
  // The build writes to stdout before npm does.
  const [tarball] = JSON.parse(packed.slice(packed.lastIndexOf('\n[') + 1))
  const folder = join(root, 'user')
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true, "type": "module" }\n')
  npm(['install', '--ignore-scripts', ...NPM, join(root, tarball.filename)], folder)
  const modules = join(folder, 'node_modules')
  return {
    folder,
    files: tarball.files.map(({ path }: { path: string }) => path),
    packedBytes: tarball.size,
    unpackedBytes: tarball.unpackedSize,
    installedBytes: bytesBelow(modules),
    installedPackages: packageNames(modules),
  }
}

/** The Node.js of a version, from the npm registry, put below `root`; the path of its program. */
export function installNode(version: string, root: string): string {
  const folder = join(root, `node-${version}`)
  mkdirSync(folder)
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  writeFileSync(join(folder, 'package.json'), '{ "name": "runtime", "private": true }\n')
  npm(['install', '--ignore-scripts', ...NPM, `${name}@${version}`], folder)
  return join(folder, 'node_modules', name, 'bin', 'node')
}

function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync('npm', [...args], { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${stdout}${stderr}`)
  return stdout
}

/** A program that runs until it is ended. */
export interface Running {
  /** Settles with the first match in what it says. */
  said(pattern: RegExp): Promise<RegExpExecArray>
  /** SIGTERM; settles with the exit code. */
  end(): Promise<number | null>
}

/** Starts a program and collects what it says. */
export function start(node: string, args: readonly string[], cwd: string): Running {
  const child: ChildProcess = spawn(node, [...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part
    child.emit('said')
  })
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text += part
    child.emit('said')
  })
  const ended = once(child, 'close')
  return {
    async said(pattern) {
      for (;;) {
        const found = pattern.exec(text)
        if (found !== null) return found
        if (child.exitCode !== null) throw new Error(`${args.join(' ')} ended with ${child.exitCode}:\n${text}`)
        await Promise.race([once(child, 'said'), ended])
      }
    },
    async end() {
      child.kill('SIGTERM')
      await ended
      return child.exitCode
    },
  }
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).reduce((sum, name) => {
    const facts = lstatSync(join(folder, name))
    return facts.isFile() ? sum + facts.size : sum
  }, 0)
}

function packageNames(modules: string): readonly string[] {
  return readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)).map((inner) => `${name}/${inner}`) : [name],
  )
}
