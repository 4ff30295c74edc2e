// Finds forged requests among those that the API received.

import { requestsAfter } from './api.js'

const started = Math.floor(Date.now() / 1000) % 100_000
let tried = 0
const items = new Map()

/** The item that an attack tries to put into the cart: a new one each time, so that an old one proves nothing. */
export function itemOf(attack) {
  return items.get(attack.id) ?? anotherItem(attack)
}

export function anotherItem(attack) {
  tried += 1
  const item = `forged-${attack.id}-${started}-${tried}`
  items.set(attack.id, item)
  return item
}

/** The number of the last request that the API received. */
export const lastNumber = async () => (await requestsAfter(0)).at(-1)?.number ?? 0

/** The latest request after that number from the attack's site to its target, or null. Prefers others to a preflight. */
export async function forgedBy(attack, after) {
  const ours = (await requestsAfter(after)).filter(
    (request) => request.path === attack.target && [request.origin, request.referer].some((from) => from?.startsWith(attack.site)),
  )
  return ours.findLast((request) => request.method !== 'OPTIONS') ?? ours.at(-1) ?? null
}
