import { type Attempt, type Attempts, CHOOSING } from './attempt.ts'
import type { BeginInput, beginOnShow, createBegin } from './begin.ts'
import type { SignInMethod } from './method.ts'
import type { SignInView } from './view.ts'

/** Whose page it is, and what a method is told of it. */
export type Shown = Omit<BeginInput, 'attempt' | 'method' | 'input'>

interface Dependencies {
  readonly attempts: Attempts
  readonly methods: readonly SignInMethod[]
  readonly view: (attempt: Attempt) => Promise<SignInView>
  readonly begin: ReturnType<typeof createBegin>
  readonly beginOnShow: typeof beginOnShow
}

/** Having begun what costs nothing to begin when its page is shown, so that the page can answer. */
export function createReady({ attempts, methods, view, begin, beginOnShow }: Dependencies) {
  /** What begins by itself on this page: a passkey beside the identifier, or the method that is in front anyway. */
  const findReady = ({ attempt, plan, current }: SignInView) => {
    if (current || attempt.method === CHOOSING) return undefined
    const named = plan.step === 'identify' || plan.step === 'prove' ? plan.methods : []
    const candidates = plan.step === 'prove' ? [named.find((name) => name === attempt.method) ?? named[0]] : named
    return methods.find(({ name, isBegunOnShow }) => isBegunOnShow && candidates.includes(name))
  }

  return {
    /** @param shown the page that it is opened for: its challenge is kept with the attempt, in one command */
    open: (start: Parameters<Attempts['open']>[0], shown?: Shown): ReturnType<Attempts['open']> =>
      attempts.open(start, async (attempt) => {
        // Where something is known already, what is shown first depends on the account; its page looks.
        if (!shown || attempt.identifier || attempt.evidence.length > 0) return undefined
        const method = findReady(await view(attempt))
        const begun = method && (await beginOnShow(method, attempt, shown))
        return begun && { method: method.name, begun }
      }),

    async ready(input: Shown & { readonly attempt: Attempt }, shown: SignInView): Promise<SignInView> {
      const method = findReady(shown)
      if (!method) return shown
      const { name } = method
      const waiting = attempts.challengeOf(input.attempt, name)
      const challenge = waiting ?? (await begin({ ...input, method: name, input: {} }))
      return { ...shown, current: { name, challenge } }
    },
  }
}

/** Opening sign-ins, and readying their pages. */
export type Ready = ReturnType<typeof createReady>
