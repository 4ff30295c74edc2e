// Where the page keeps the token that the API answered with. Cookies are kept by the browser: nothing to do here.

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

// Of this module alone. Never put a holder or a token into a component's state: Vue's state hangs on DOM elements, and
// whatever hangs there an injected script can read.
const HOLDERS = {
  'local-storage': inStorage(localStorage),
  'session-storage': inStorage(sessionStorage),
  memory: inClosure(),
}

export const holderOf = (id) => HOLDERS[id] ?? inCookie

const shortened = (text) => (text.length > 18 ? `${text.slice(0, 8)}… (${text.length} characters)` : text)

/**
 * What a script finds that looks where credentials lie, as sentences; `readable` is whether it finds this storage's.
 * For `memory` the page itself knows more than such a script: it holds the token.
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
