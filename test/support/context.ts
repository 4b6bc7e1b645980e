import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import Koa, { type Context } from 'koa'

/** What a request says. */
export interface RequestOptions {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What a body parser left, if there was one. */
  readonly body?: string
}

/** The context that Koa makes of such a request, without a connection. */
export function contextOf({ method = 'GET', url = '/', headers = {}, body }: RequestOptions): Context {
  const request = Object.assign(new IncomingMessage(new Socket()), { method, url, headers: { ...headers } })
  const context = new Koa().createContext(request, new ServerResponse(request)) as Context
  if (body !== undefined) Object.assign(context.request, { body })
  return context
}
