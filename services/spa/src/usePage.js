// What a storage's page does: its calls, their results, and the attacks that it starts or observes.

import { nextTick, onBeforeUnmount, onMounted, reactive } from 'vue'
import { useRoute, useRouter } from 'vue-router'

import * as api from './api.js'
import { noteWith } from './attacks.js'
import { lookAround } from './credential.js'
import { anotherItem, forgedBy, itemOf, lastNumber } from './forged.js'
import { loggedInto, observe, observed } from './observed.js'

const REFUSED = (status) => (status === 0 ? 'no answer (0)' : `nobody (${status})`)

export function usePage(storage) {
  const route = useRoute()
  const router = useRouter()
  let since = 0
  const state = reactive({ user: '', items: null, look: lookAround(storage), turn: 0, busy: false, awaited: null, nothing: false, live: false })
  const how = () => ({
    storage,
    policy: route.query.cors in api.POLICIES ? route.query.cors : 'exact',
    refresh: storage === 'memory' && route.query.refresh === '1',
  })

  // One call after the other: a call during a silent refresh waits and gets the new token.
  let queue = Promise.resolve()
  const steps = (run) => {
    const mine = queue.then(() => whole(run))
    queue = mine.catch(() => {})
    return mine
  }
  async function whole(run) {
    state.busy = true
    try {
      await api.whole(async () => {
        await run()
        state.look = lookAround(storage)
      })
    } finally {
      state.busy = false
    }
  }

  const cartFrom = ({ status, data }) => { if (status === 200) state.items = data.cart }

  const logIn = (username, password) => steps(async () => {
    const other = observed.loggedInto
    if (other !== null && other !== storage) await api.leave(other)
    const { status, user } = await api.logIn(how(), username, password)
    state.user = user ?? REFUSED(status)
    loggedInto(user === null ? null : storage)
  })
  const logOut = () => steps(async () => {
    await api.logOut(how())
    Object.assign(state, { user: '', items: null })
    loggedInto(null)
  })
  const who = () => steps(async () => {
    const { status, data } = await api.whoAmI(how())
    state.user = status === 200 ? data.user : REFUSED(status)
    if (reloaded() && observed.loggedInto === storage && status !== 0) {
      observe(storage, 'reload', status === 200, `GET /me after the reload: ${status}`)
    }
  })
  const add = (item) => steps(async () => cartFrom(await api.addItem(how(), item)))
  const look = () => steps(async () => cartFrom(await api.readCart(how())))

  function inject(attack) {
    state.turn += 1 // the same note once more is put in once more
    router.replace({ query: { ...route.query, note: noteWith(attack.script) } })
  }

  async function openAttack(attack) {
    Object.assign(state, { awaited: attack, nothing: false })
    since = await lastNumber()
  }

  /** Back from an attack's tab: is the forged item in the cart, and what did the API receive? */
  async function cameBack() {
    const attack = state.awaited
    if (attack === null || document.hidden || state.busy) return
    const request = await forgedBy(attack, since)
    state.nothing = request === null
    if (request === null || state.awaited !== attack) return
    state.awaited = null
    await look()
    const worked = Object.hasOwn(state.items ?? {}, itemOf(attack))
    const carried = request.credential === null ? 'no credential that holds' : request.credential
    anotherItem(attack)
    observe(storage, attack.id, worked, `${request.method} ${request.path} carried ${carried} and was answered ${request.status}.`)
  }

  /** An injected script reports what it got, so that the page can show it. */
  function told({ detail }) {
    const { thief, worked, says } = detail ?? {}
    if (typeof says === 'string') observe(storage, String(thief), worked === true, says)
    nextTick(() => { state.look = lookAround(storage) })
  }

  onMounted(() => {
    document.addEventListener('authlab-told', told)
    document.addEventListener('visibilitychange', cameBack)
    window.addEventListener('focus', cameBack)
    if (how().refresh) {
      steps(async () => {
        const { status, user } = await api.refresh(how())
        state.user = user ?? REFUSED(status)
      })
    }
  })
  onBeforeUnmount(() => {
    document.removeEventListener('authlab-told', told)
    document.removeEventListener('visibilitychange', cameBack)
    window.removeEventListener('focus', cameBack)
  })

  return { state, logIn, logOut, who, add, look, inject, openAttack, cameBack }
}

const reloaded = () => performance.getEntriesByType('navigation')[0]?.type === 'reload'
