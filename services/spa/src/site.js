// The lab's own sites. Addresses show no ports, because Chromium maps :443 and :80 to the lab's proxy on loopback.

const scheme = location.protocol

export const API = `${scheme}//api.app.test`
export const EVIL = `${scheme}//evil.test`
export const SIBLING = `${scheme}//sibling.app.test`

/** Whether this page runs inside the lab; a `.test` name never resolves on the internet (RFC 6761). */
export const insideTheLab = () => location.hostname.endsWith('.test')
