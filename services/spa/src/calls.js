// The page's calls, newest first, for display. They contain no credential.

import { reactive, readonly } from 'vue'

const state = reactive({ count: 0, list: [] })

export const calls = readonly(state)

/** Count a call. `status` is 0 if the browser withheld the answer from the page. */
export function recordCall(method, path, status, worker) {
  state.count += 1
  state.list = [{ number: state.count, method, path, status, worker }, ...state.list].slice(0, 8)
}

/** Mark in the document that the call's changes have been drawn: tests wait for it. */
export function announceCalls() {
  document.documentElement.dataset.calls = String(state.count)
}
