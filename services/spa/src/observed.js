// What this tab has seen attacks do, by storage and attack: { worked, says }. Kept in window.name, which outlives a reload
// and is no place where a credential is kept, so that what thieves find isn't mixed up with it.

import { reactive, readonly } from 'vue'

const MARK = 'authlab:'

function before() {
  try {
    if (window.name.startsWith(MARK)) return JSON.parse(window.name.slice(MARK.length))
  } catch {
    // Another page's name: begin anew.
  }
  return { loggedInto: null, seen: {} }
}

const state = reactive(before())

const keep = () => { window.name = MARK + JSON.stringify(state) }

export const observed = readonly(state)

/** Note an outcome. One that worked stays: a thief that came twice has still stolen. */
export function observe(storage, attack, worked, says) {
  const seen = (state.seen[storage] ??= {})
  if (seen[attack]?.worked && !worked) return
  seen[attack] = { worked, says }
  keep()
}

/** Remember the storage that this tab's user is logged in with, or null. */
export function loggedInto(storage) {
  state.loggedInto = storage
  keep()
}

export function forgetObservations() {
  state.seen = {}
  keep()
}
