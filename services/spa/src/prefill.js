// The lab opens this page with a made-up user in the fragment, #user=…&password=…, which no server ever sees. It is removed
// from the address at once; after a reload it has to be typed.

const given = new URLSearchParams(location.hash.slice(1))

export const prefill = { user: given.get('user') ?? '', password: given.get('password') ?? '' }

if (given.has('password')) history.replaceState(history.state, '', location.pathname + location.search)
