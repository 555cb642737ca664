/** Keys beside what the browser does itself: `/` searches, arrows walk through the accounts. */
export function onKeys(isDialogOpen: () => boolean): void {
  document.addEventListener('keydown', (event) => {
    if (isDialogOpen() || event.ctrlKey || event.metaKey || event.altKey) return
    const { target, key } = event
    const search = document.getElementById('search')
    if (key === '/' && !isField(target)) {
      event.preventDefault()
      search?.focus()
    } else if (key === 'ArrowDown' && target === search) {
      event.preventDefault()
      rows()[0]?.focus()
    } else if (
      (key === 'ArrowDown' || key === 'ArrowUp') &&
      target instanceof HTMLElement &&
      target.dataset['key'] !== undefined
    ) {
      event.preventDefault()
      const all = rows()
      const next = all.indexOf(target) + (key === 'ArrowDown' ? 1 : -1)
      if (next < 0) search?.focus()
      else all[next]?.focus()
    }
  })
}

function rows(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('#accounts tbody button[data-key]')]
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement
  )
}
