const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
section { margin: 1.5rem 0; }
h2 { display: flex; gap: .75rem; align-items: baseline; flex-wrap: wrap; font-size: 1.1rem; }
table { width: 100%; border-collapse: collapse; }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #8884; }
.good { color: #16803c; } .bad { color: #c02626; font-weight: 600; }
@media (prefers-color-scheme: dark) { .good { color: #4ade80; } .bad { color: #f87171; } }
select, button { font: inherit; }
form { display: inline-flex; gap: .4rem; flex-wrap: wrap; }
#note { min-height: 1.5em; }
`

// Every text of the fleet goes in through textContent, so no name can become markup.
const SCRIPT = `
const el = (tag, text, props) => Object.assign(document.createElement(tag), text === undefined ? {} : { textContent: text }, props)
const call = async (method, path, body) => {
  const reply = await fetch(path, { method, headers: body ? { 'content-type': 'application/json' } : {}, body: body && JSON.stringify(body) })
  if (!reply.ok) throw new Error((await reply.json()).detail)
  return reply.status === 204 ? null : reply.json()
}
const note = (text) => { document.querySelector('#note').textContent = text }
const act = (work) => async () => { try { await work(); note(''); await draw() } catch (error) { note(error.message) } }
const left = (endMs) => endMs === null ? 'until healed' : Math.max(0, Math.round((endMs - Date.now()) / 1000)) + ' s left'
let words
const chosen = new Map()
const chooser = (faults, key) => {
  const select = el('select', undefined, { ariaLabel: 'fault of ' + key })
  for (const { fault, text } of faults) select.append(el('option', fault, { value: fault, title: text }))
  select.value = chosen.get(key) ?? faults[0].fault
  select.onchange = () => chosen.set(key, select.value)
  return select
}
const plug = (faults, target, faulty, heal) => {
  const cell = el('td')
  const form = el('form', undefined, { onsubmit: () => false })
  const fault = chooser(faults, target.account ?? target.gateway)
  form.append(fault, el('button', 'Pull the plug', { type: 'button', onclick: act(() => call('POST', '/sim/api/faults', { ...target, fault: fault.value })) }))
  if (faulty) form.append(el('button', 'Heal', { type: 'button', onclick: act(() => call('DELETE', heal)) }))
  cell.append(form)
  return cell
}
const draw = async () => {
  words ??= await call('GET', '/sim/api/vocabulary')
  if (document.activeElement?.tagName === 'SELECT') return
  const [{ accounts }, { gateways }] = await Promise.all([call('GET', '/sim/api/accounts'), call('GET', '/sim/api/gateways')])
  const fleet = el('div')
  for (const g of gateways) {
    const section = el('section')
    const head = el('h2', g.gateway + ' (' + g.dialect + ', ' + g.accounts + ' accounts)')
    head.append(el('span', g.fault ? g.fault + ', ' + left(g.faultEndMs) : 'answers', { className: g.fault ? 'bad' : 'good' }))
    head.append(...plug(words.gatewayFaults, { gateway: g.gateway }, g.fault, '/sim/api/faults/' + encodeURIComponent(g.gateway)).children)
    const table = el('table')
    const top = el('tr')
    for (const title of ['Account', 'Phone', 'State', 'Fault', 'Restarts', '']) top.append(el('th', title))
    table.append(top)
    for (const a of accounts.filter((one) => one.gateway === g.gateway).slice(0, 200)) {
      const row = el('tr')
      row.append(el('td', a.account, { title: a.name }), el('td', '+' + a.phone), el('td', a.phase, { className: a.phase === 'connected' && !a.fault ? 'good' : 'bad' }))
      row.append(el('td', a.fault ? a.fault + ' (restart: ' + a.restart + '), ' + left(a.faultEndMs) : ''), el('td', String(a.restartRequests)))
      row.append(plug(words.accountFaults, { account: a.key }, a.fault || a.phase !== 'connected', '/sim/api/faults/' + encodeURIComponent(g.gateway) + '/' + encodeURIComponent(a.account)))
      table.append(row)
    }
    section.append(head, table)
    fleet.append(section)
  }
  document.querySelector('main').replaceChildren(fleet)
}
const loop = async () => { try { await draw() } catch (error) { note('The simulator does not answer: ' + error.message) } setTimeout(loop, 2000) }
loop()
`

/** The page at `/sim`: the fleet, its faults, and a plug to pull at every account and gateway. Shows 200 accounts of each gateway. */
export function steeringPage(): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Simulated fleet</title><style>${STYLE}</style></head>
<body>
<h1>Simulated fleet</h1>
<p>Pull a plug and watch what the exporter makes of it. <a href="/inbox">The inbox</a> shows the alerts that follow.</p>
<p id="note" role="status"></p>
<main></main>
<script>${SCRIPT}</script>
</body>
</html>
`
}
