// Calls of the mode that `authlab up MODE --browser` shows: the ordinary service, on the page's own origin under /mode/.

import axios from 'axios'

const client = axios.create({ baseURL: '/mode', timeout: 10_000, validateStatus: () => true })

// Like every client of the service: whatever the log-in or a later answer returns is sent from then on. The browser handles
// cookies. These are closure variables, for the reason given in credential.js.
let token = null
let csrf = null

/** `{ status, data, worker, attached }`; status 0 without an answer, and `data` null if it isn't the service's. */
async function call(method, url, body) {
  const headers = {}
  if (token !== null) headers.Authorization = `Bearer ${token}`
  if (csrf !== null && method !== 'GET') headers['X-CSRF-Token'] = csrf
  const attached = Object.keys(headers).join(' and ') || 'nothing'
  try {
    const answer = await client.request({ method, url, data: body, headers })
    const ours = /json/.test(answer.headers['content-type'] ?? '') || answer.status === 204
    if (typeof answer.data?.access_token === 'string') token = answer.data.access_token
    if (typeof answer.data?.csrf_token === 'string') csrf = answer.data.csrf_token
    return { method, url, attached, status: answer.status, data: ours ? answer.data : null, worker: answer.headers['x-worker'] ?? null }
  } catch (problem) {
    if (!axios.isAxiosError(problem)) throw problem
    return { method, url, attached, status: 0, data: null, worker: null }
  }
}

export const logIn = (username, password) => call('POST', '/login', { username, password })
export const whoAmI = () => call('GET', '/me')
export const readCart = () => call('GET', '/cart')
export const addItem = (item) => call('POST', '/cart/items', { item })

export async function logOut() {
  const answer = await call('POST', '/logout')
  token = null
  csrf = null
  return answer
}

/** The name of the running mode, or null: without one the site answers with this app, which is HTML. */
export async function nameOfMode() {
  try {
    const answer = await axios.get('/mode-name', { timeout: 10_000, responseType: 'text' })
    return /^text\/plain/.test(answer.headers['content-type'] ?? '') ? answer.data : null
  } catch {
    return null
  }
}
