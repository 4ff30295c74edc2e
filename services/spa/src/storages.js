// The nine places to keep a credential. `sends` says who attaches it: the page's code or the browser.

const COOKIE_SCRIPTS = 'No. The cookie is httpOnly: the browser keeps it from every script.'

export const STORAGES = [
  {
    id: 'local-storage',
    name: 'Local Storage',
    sends: 'page',
    where: 'In localStorage of https://app.test, under access_token. It stays until somebody removes it, in every tab.',
    scripts: 'Yes, every script that runs in a page of this origin, whoever put it there.',
    travels: 'The page reads it and sends it as Authorization: Bearer.',
  },
  {
    id: 'session-storage',
    name: 'Session Storage',
    sends: 'page',
    where: 'In sessionStorage of this tab, under access_token. It outlives a reload and ends with the tab.',
    scripts: 'Yes, every script that runs in this tab on this origin.',
    travels: 'The page reads it and sends it as Authorization: Bearer.',
  },
  {
    id: 'memory',
    name: 'A closure variable',
    sends: 'page',
    where: 'In a variable of a JavaScript module, reachable from no object. It ends with the document.',
    scripts: 'Not by looking for it. A script that wraps XMLHttpRequest sees it pass with the page’s next request.',
    travels: 'The page sends it as Authorization: Bearer.',
  },
  {
    id: 'readable-cookie',
    name: 'A readable cookie',
    sends: 'browser',
    where: 'In a cookie of app.test and all its subdomains, without httpOnly.',
    scripts: 'Yes, through document.cookie, also on a sibling subdomain.',
    travels: 'The browser attaches it by itself, whoever caused the request.',
  },
  {
    id: 'cookie-unset',
    name: 'Cookie, SameSite unset',
    sends: 'browser',
    where: 'In an httpOnly cookie of api.app.test that says nothing of SameSite.',
    scripts: COOKIE_SCRIPTS,
    travels: 'The browser attaches it as if it said Lax, and for its first two minutes also to a form posted from another site.',
  },
  {
    id: 'cookie-none',
    name: 'Cookie, SameSite=None',
    sends: 'browser',
    where: 'In an httpOnly cookie of api.app.test with SameSite=None.',
    scripts: COOKIE_SCRIPTS,
    travels: 'The browser attaches it to requests from every site, except where it blocks third-party cookies.',
  },
  {
    id: 'cookie-lax',
    name: 'Cookie, SameSite=Lax',
    sends: 'browser',
    where: 'In an httpOnly cookie of api.app.test with SameSite=Lax.',
    scripts: COOKIE_SCRIPTS,
    travels: 'From another site the browser attaches it to a top-level GET only. A sibling subdomain is the same site.',
  },
  {
    id: 'cookie-strict',
    name: 'Cookie, SameSite=Strict',
    sends: 'browser',
    where: 'In an httpOnly cookie of api.app.test with SameSite=Strict.',
    scripts: COOKIE_SCRIPTS,
    travels: 'The browser attaches it to nothing that another site causes. A sibling subdomain is the same site.',
  },
  {
    id: 'cookie-host',
    name: 'Cookie, __Host- and Lax',
    sends: 'browser',
    where: 'In an httpOnly cookie of api.app.test whose name begins with __Host-, with SameSite=Lax.',
    scripts: COOKIE_SCRIPTS,
    travels: 'As Lax does. Because of its name no other host of the site can set or replace it.',
  },
]

export const storageOf = (id) => STORAGES.find((storage) => storage.id === id)
