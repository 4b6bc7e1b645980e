/** Options by name, as a file holds them and before anything is checked. */
export type Tree = { [key: string]: unknown }

/** Whether a value holds options by name. */
export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What stands at a path like `server.port`, if anything does. */
export function getPath(tree: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((at, key) => (isTree(at) && Object.hasOwn(at, key) ? at[key] : undefined), tree)
}

/** Sets what stands at a path. A value where a section belongs is left for the schema to refuse. */
export function setPath(tree: Tree, path: string, value: unknown): void {
  const [key = path, ...rest] = path.split('.')
  if (rest.length === 0) {
    tree[key] = value
    return
  }
  const inner = tree[key] ?? {}
  if (!isTree(inner)) return
  tree[key] = inner
  setPath(inner, rest.join('.'), value)
}

/** Both together; where both say something, the second is right. Nothing (null) says nothing. */
export function merge(base: Tree, over: Tree): Tree {
  const said = Object.entries(over).filter(([, value]) => value !== null && value !== undefined)
  const merged = said.map(([key, value]): [string, unknown] => {
    const before = Object.hasOwn(base, key) ? base[key] : undefined
    return [key, isTree(value) ? merge(isTree(before) ? before : {}, value) : value]
  })
  // fromEntries defines and does not assign: a key called __proto__ stays a key, and is refused as an unknown one.
  return Object.fromEntries([...Object.entries(base), ...merged])
}
