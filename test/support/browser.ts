/** A page as a browser without script sees it. */
export interface Page {
  readonly url: URL
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where it leads to, when it is a redirect. */
  readonly location: string | undefined
  readonly heading: string | undefined
  readonly forms: readonly Form[]
}

/** A form of a page. */
export interface Form {
  readonly action: string
  readonly method: string
  readonly fields: Readonly<Record<string, string>>
  /** The values of its buttons named `action`. */
  readonly actions: readonly string[]
}

const entities: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}
const decode = (html: string) => html.replace(/&(?:amp|lt|gt|quot|#39);/g, (entity) => entities[entity] ?? entity)
const attribute = (tag: string, name: string) => {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1]
  return found === undefined ? undefined : decode(found)
}

function readForms(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].map(([, opening = '', content = '']) => {
    // What is not ticked is not sent.
    const sent = [...content.matchAll(/<input\b[^>]*>/g)].filter(
      ([tag]) => !/type="(checkbox|radio)"/.test(tag) || /\schecked\b/.test(tag),
    )
    const inputs = sent.map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value') ?? ''])
    const buttons = [...content.matchAll(/<button\b[^>]*>/g)].filter(([tag]) => attribute(tag, 'name') === 'action')
    return {
      action: attribute(opening, 'action') ?? '',
      method: attribute(opening, 'method') ?? 'get',
      fields: Object.fromEntries(inputs.filter(([name]) => name !== undefined)),
      actions: buttons.map(([tag]) => attribute(tag, 'value') ?? ''),
    }
  })
}

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

/** A browser without script: keeps cookies by path, follows nothing by itself. */
export class Browser {
  readonly issuer: string
  readonly cookies = new Map<string, Cookie>()
  /** Every value of every cookie that was ever set. */
  readonly seen: string[] = []
  /** Every Set-Cookie, as it came. */
  readonly cookieLines: string[] = []
  /** Headers that go along with every request. */
  headers: Record<string, string> = {}

  readonly #fetch: typeof fetch

  constructor(issuer: string, ask: typeof fetch = fetch) {
    this.issuer = issuer
    this.#fetch = ask
  }

  #cookieHeader(path: string): string {
    const matching = [...this.cookies.values()].filter(
      (cookie) => path === cookie.path || path.startsWith(cookie.path.replace(/\/?$/, '/')),
    )
    return matching.map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  #keepCookies(headers: Headers): void {
    this.cookieLines.push(...headers.getSetCookie())
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ')
      const [name = '', ...rest] = pair.split('=')
      const value = rest.join('=')
      const path = attributes.find((part) => part.toLowerCase().startsWith('path='))?.slice(5) ?? '/'
      const isGone = value === '' || attributes.some((part) => /^expires=.*1970/.test(part))
      if (isGone) this.cookies.delete(`${name};${path}`)
      else this.cookies.set(`${name};${path}`, { name, value, path })
      if (value) this.seen.push(value)
    }
  }

  async request(address: string, init: RequestInit = {}): Promise<Page> {
    const url = new URL(address, this.issuer)
    const cookie = this.#cookieHeader(url.pathname)
    const response = await this.#fetch(url, {
      redirect: 'manual',
      ...init,
      headers: {
        accept: 'text/html',
        ...(cookie ? { cookie } : {}),
        ...this.headers,
        ...(init.headers as Record<string, string>),
      },
    })
    this.#keepCookies(response.headers)
    const text = await response.text()
    const heading = /<h1>([\s\S]*?)<\/h1>/.exec(text)?.[1]
    return {
      url,
      status: response.status,
      headers: response.headers,
      text,
      location: response.headers.get('location') ?? undefined,
      heading: heading === undefined ? undefined : decode(heading),
      forms: readForms(text),
    }
  }

  get(address: string): Promise<Page> {
    return this.request(address)
  }

  post(address: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Page> {
    return this.request(address, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { origin: this.issuer, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
  }

  /** Follows redirects within the issuer, and stops at the first page, or at the first address elsewhere. */
  async follow(page: Page): Promise<Page> {
    let at = page
    while (at.location && new URL(at.location, at.url).origin === this.issuer && at.status >= 300 && at.status < 400) {
      const next = new URL(at.location, at.url).href
      at = await this.get(next)
    }
    return at
  }

  async open(address: string): Promise<Page> {
    return this.follow(await this.get(address))
  }

  /** Presses the button of this value, having filled in these fields, and follows. */
  async press(page: Page, action: string, fields: Record<string, string> = {}): Promise<Page> {
    return this.follow(await this.send(page, action, fields))
  }

  /** Presses the button and stays at the answer. */
  async send(page: Page, action: string, fields: Record<string, string> = {}): Promise<Page> {
    const form = page.forms.find(({ actions }) => actions.includes(action))
    if (!form) throw new Error(`"${page.heading}" (${page.status}) has no button ${action}: ${page.text.slice(0, 400)}`)
    return this.post(new URL(form.action, page.url).href, { ...form.fields, ...fields, action })
  }
}
