// The lab's own sites. Ports never show: Chromium is told to map :443 and :80 to the lab's proxy on loopback.

const scheme = location.protocol

export const API = `${scheme}//api.app.test`
export const EVIL = `${scheme}//evil.test`
export const SIBLING = `${scheme}//sibling.app.test`

/** Whether this page runs inside the lab; a `.test` name never leads to the internet (RFC 6761). */
export const insideTheLab = () => location.hostname.endsWith('.test')
