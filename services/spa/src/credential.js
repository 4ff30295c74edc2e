// Where the page keeps the token from the API's answer. The browser keeps cookies, so there is nothing to do for them.

const NAME = 'access_token'

function inStorage(storage) {
  return {
    keep: (token) => storage.setItem(NAME, token),
    token: () => storage.getItem(NAME),
    forget: () => storage.removeItem(NAME),
  }
}

function inClosure() {
  let held = null
  return {
    keep: (token) => { held = token },
    token: () => held,
    forget: () => { held = null },
  }
}

const inCookie = { keep() {}, token: () => null, forget() {} }

// Private to this module. Never put a holder or a token into a component's state: Vue's state is reachable from DOM
// elements, and an injected script can read everything that is reachable from there.
const HOLDERS = {
  'local-storage': inStorage(localStorage),
  'session-storage': inStorage(sessionStorage),
  memory: inClosure(),
}

export const holderOf = (id) => HOLDERS[id] ?? inCookie

const shortened = (text) => (text.length > 18 ? `${text.slice(0, 8)}… (${text.length} characters)` : text)

/**
 * What a script finds in the usual places for credentials, as sentences; `readable` is whether it finds this storage's.
 * For `memory` the page itself knows more than such a script, because it has the token.
 */
export function lookAround(id) {
  const found = []
  const local = localStorage.getItem(NAME)
  const session = sessionStorage.getItem(NAME)
  if (local !== null) found.push(`localStorage.${NAME} = ${shortened(local)}`)
  if (session !== null) found.push(`sessionStorage.${NAME} = ${shortened(session)}`)
  for (const pair of document.cookie.split('; ').filter(Boolean)) {
    const at = pair.indexOf('=')
    found.push(`document.cookie: ${pair.slice(0, at)}=${shortened(pair.slice(at + 1))}`)
  }
  const readable = { 'local-storage': local !== null, 'session-storage': session !== null,
    'readable-cookie': document.cookie !== '' }[id] ?? false
  return { found, readable, held: id === 'memory' && holderOf(id).token() !== null }
}
