// Runs before the page is drawn, so that a chosen theme does not flash. No module: the browser waits for it.
{
  const chosen = localStorage.getItem('theme')
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen
}
