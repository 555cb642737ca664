import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

// For `node --import`: says every package file that is loaded.
registerHooks({
  load(url, context, next) {
    if (url.includes('/node_modules/')) writeSync(2, `LOADED ${url}\n`)
    return next(url, context)
  },
})
