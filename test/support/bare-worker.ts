// A worker that is up in a moment and serves nothing: for what the process does that looks after workers.
import { createServer } from 'node:http'

createServer().listen(0)
