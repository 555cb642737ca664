import { Html } from './html.ts'

/** The landing page's style; constant, so that the page's policy can name its hash. */
export const STYLE = new Html(`
:root { color-scheme: light dark; --good: #15803d; --warn: #a16207; --bad: #b91c1c; --dim: #57606a; --line: #d0d7de }
@media (prefers-color-scheme: dark) { :root { --good: #4ade80; --warn: #facc15; --bad: #f87171; --dim: #9ca3af; --line: #374151 } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem }
header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; justify-content: space-between }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem }
.numbers { display: flex; flex-wrap: wrap; gap: 1rem 2rem } .numbers div { display: flex; flex-direction: column-reverse }
dt, small { color: var(--dim) } dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums }
main { overflow-x: auto } table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th[scope=row] { font-weight: normal } .gateways { list-style: none; padding: 0 }
.healthy { color: var(--good) } .warning { color: var(--warn) } .unhealthy, .alarm { color: var(--bad) } .unknown { color: var(--dim) }
`)
