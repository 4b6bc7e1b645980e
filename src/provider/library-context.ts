import type { Context } from 'koa'

/** What the library hangs on a context, and where we keep it instead. */
const NAME = 'oidc'
const GETTER = Symbol(NAME)

type Holder = Context & { [GETTER]?: () => unknown; [name: string | symbol]: unknown }

const handler: ProxyHandler<Holder> = {
  defineProperty(ctx, name, description) {
    if (name !== NAME || !description.get) return Reflect.defineProperty(ctx, name, description)
    ctx[GETTER] = description.get
    return true
  },
  // By itself a proxy reads and writes in the name of the proxy: Koa's own getters would go through it again, and a value
  // that is set would be looked up and defined. That costs several times as much.
  get: (ctx, name) => ctx[name],
  set(ctx, name, value) {
    ctx[name] = value
    return true
  },
}

/** Contexts of an application share a prototype: that one reads `oidc` for all of them. */
function teach(prototype: object): void {
  if (Object.hasOwn(prototype, NAME)) return
  Object.defineProperty(prototype, NAME, {
    get(this: Holder) {
      return this[GETTER]?.()
    },
  })
}

/**
 * The context as the library is given it. The library defines a getter of its own on every context; V8 puts what getters
 * are made of among the old objects, so each one kept its request, and all that hung on it, until the next collection of
 * everything. Busy processes spent an eighth of their time on copying what was long answered. Here the getter is an
 * ordinary value, and `ctx.oidc` the same as ever.
 */
export function libraryContext(ctx: Context): Context {
  teach(ctx.app.context)
  return new Proxy(ctx, handler)
}
