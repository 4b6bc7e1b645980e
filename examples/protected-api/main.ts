import { createApi } from './api.ts'

const { ISSUER = 'http://localhost:3000', AUDIENCE = 'https://demo-api.example', PORT = '4000' } = process.env
const { ADDRESS = `http://localhost:${PORT}` } = process.env

const app = createApi({ issuer: ISSUER, audience: AUDIENCE, address: ADDRESS }, (error) =>
  process.stderr.write(`${String(error)}\n`),
)
const server = app.listen(Number(PORT), 'localhost', () => {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : PORT
  process.stdout.write(`Demo API ${AUDIENCE} on http://localhost:${port}, for tokens of ${ISSUER}\n`)
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close())
