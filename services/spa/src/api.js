// The API's calls, with the credential of a storage attached in that storage's way.

import axios from 'axios'
import { nextTick } from 'vue'

import { announceCalls, recordCall } from './calls.js'
import { holderOf } from './credential.js'
import { API } from './site.js'
import { storageOf } from './storages.js'

const client = axios.create({ timeout: 10_000, validateStatus: () => true })

export const POLICIES = {
  exact: { prefix: '', says: 'this exact origin, with credentials' },
  star: { prefix: '/cors-star', says: 'Access-Control-Allow-Origin: *' },
  reflect: { prefix: '/cors-reflect', says: 'whatever origin asks, with credentials' },
  none: { prefix: '/cors-none', says: 'no CORS headers at all' },
}

/**
 * Call the API as the user of `how.storage`: `{ status, data }`, status 0 if the browser withheld the answer from the page.
 * `how` is `{ storage, policy, refresh }`; `refresh` sends cookies with the calls of the silent refresh.
 */
async function call(how, method, path, body) {
  const token = holderOf(how.storage).token()
  const about = path.split('?')[0]
  const cookies = storageOf(how.storage).sends === 'browser' || (how.refresh && about !== '/me' && !about.startsWith('/cart'))
  let answer = { status: 0, data: null, headers: {} }
  try {
    answer = await client.request({
      method,
      url: API + POLICIES[how.policy].prefix + path,
      data: body,
      withCredentials: cookies,
      headers: token === null ? {} : { Authorization: `Bearer ${token}` },
    })
  } catch (problem) {
    if (!axios.isAxiosError(problem)) throw problem
  }
  recordCall(method, POLICIES[how.policy].prefix + path, answer.status, answer.headers['x-worker'] ?? null)
  return { status: answer.status, data: answer.data }
}

/** Run a call and its consequences, then mark in the document that a call is over. */
export async function whole(steps) {
  try {
    return await steps()
  } finally {
    await nextTick()
    announceCalls()
  }
}

function keepFrom(how, answer) {
  const token = answer.data?.access_token
  if (answer.status === 200 && typeof token === 'string') holderOf(how.storage).keep(token)
  return { status: answer.status, user: answer.status === 200 ? (answer.data?.user ?? null) : null }
}

export async function logIn(how, username, password) {
  const more = how.refresh ? '&refresh=1' : ''
  return keepFrom(how, await call(how, 'POST', `/login?storage=${how.storage}${more}`, { username, password }))
}

export const refresh = async (how) => keepFrom(how, await call(how, 'POST', `/refresh?storage=${how.storage}`))

export const whoAmI = (how) => call(how, 'GET', '/me')

export const readCart = (how) => call(how, 'GET', '/cart')

export const addItem = (how, item) => call(how, 'POST', '/cart/items', { item })

/** Log out of every other storage in this tab, so that an attack does not succeed by the cookie of another storage. */
export async function leave(other) {
  await call({ storage: other, policy: 'exact', refresh: true }, 'POST', '/logout')
  holderOf(other).forget()
}

export async function logOut(how) {
  const answer = await call(how, 'POST', '/logout')
  holderOf(how.storage).forget()
  return answer
}

/** The requests from number `after` + 1 on, as the API received them. This call carries no credential and is not counted. */
export async function requestsAfter(after) {
  const answer = await client.get(`${API}/lab/requests?since=${after}`)
  if (answer.status !== 200) throw new Error(`GET /lab/requests was answered ${answer.status}`)
  return answer.data.requests
}
