// What the page has called, newest first, for it to show. It holds no credential.

import { reactive, readonly } from 'vue'

const state = reactive({ count: 0, list: [] })

export const calls = readonly(state)

/** Count a call. `status` is 0 where the browser kept the answer from the page. */
export function recordCall(method, path, status, worker) {
  state.count += 1
  state.list = [{ number: state.count, method, path, status, worker }, ...state.list].slice(0, 8)
}

/** Tell the document, once what the call changed has been drawn: tests wait for it. */
export function announceCalls() {
  document.documentElement.dataset.calls = String(state.count)
}
