// Holds a write transaction on a database, as an operator's forgotten shell does. Arguments: path of the database.
import { DatabaseSync } from 'node:sqlite'

const db = new DatabaseSync(process.argv[2] ?? '')
db.exec('BEGIN IMMEDIATE')
process.stdout.write('locked\n')
setInterval(() => {}, 60_000)
