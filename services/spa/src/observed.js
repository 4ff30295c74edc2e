// The results of attacks in this tab, by storage and attack: { worked, says }. Kept in window.name, which outlives a
// reload. No credential is kept there, so the results are not confused with what thieves find.

import { reactive, readonly } from 'vue'

const MARK = 'authlab:'

function before() {
  try {
    if (window.name.startsWith(MARK)) return JSON.parse(window.name.slice(MARK.length))
  } catch {
    // Another page's name: start with an empty record.
  }
  return { loggedInto: null, seen: {} }
}

const state = reactive(before())

const keep = () => { window.name = MARK + JSON.stringify(state) }

export const observed = readonly(state)

/** Record an outcome. A success stays: a thief that fails later has still stolen. */
export function observe(storage, attack, worked, says) {
  const seen = (state.seen[storage] ??= {})
  if (seen[attack]?.worked && !worked) return
  seen[attack] = { worked, says }
  keep()
}

/** Remember the storage of this tab's log-in, or null. */
export function loggedInto(storage) {
  state.loggedInto = storage
  keep()
}

export function forgetObservations() {
  state.seen = {}
  keep()
}
