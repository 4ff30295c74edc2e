// Shared by the attack pages. They work against authlab's own sites alone: the hosts are listed here, `.test` names never
// resolve on the internet (RFC 6761), and anywhere else a page says so and stops.

const OWN = ['evil.test', 'sibling.app.test']
const TARGETS = ['app.test', 'api.app.test', 'strict.app.test']

function refuse(reason) {
  report('refused', reason)
  throw new Error(reason)
}

/** Report the outcome: `html[data-outcome]` for tests, a sentence for people. */
function report(outcome, says) {
  document.documentElement.dataset.outcome = outcome
  document.querySelector('#outcome').textContent = says
}

/** The parameters of the address: `{ target, item, more }`. Refuses all targets except the lab's. */
function asked() {
  if (!OWN.includes(location.hostname)) refuse('This page runs on the sites of authlab’s browser lab only.')
  const more = new URLSearchParams(location.search)
  let target
  try {
    target = new URL(more.get('target') ?? 'https://api.app.test/')
  } catch {
    refuse('The target is no address.')
  }
  const known = TARGETS.includes(target.hostname) && ['https:', 'http:'].includes(target.protocol) && target.port === ''
  if (!known) refuse(`The target must be one of the lab’s own sites: ${TARGETS.join(', ')}.`)
  const item = more.get('item') ?? 'forged'
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(item)) refuse('The item must be 1 to 64 of A-Z a-z 0-9 _ - .')
  document.querySelector('#target').textContent = target.href
  return { target, item, more }
}

/** Act at once, as an attacker would; with `?wait=1` when the button is pressed, so that a person can read first. */
function perform(attack) {
  const what = asked()
  const button = document.querySelector('button')
  const start = () => {
    button.disabled = true
    report('started', 'Started.')
    attack(what)
  }
  if (what.more.get('wait') === '1') {
    button.addEventListener('click', start)
  } else {
    start()
  }
}

/** Post a form as a page does. The whole tab (or the frame of that name) then shows the answer. */
function postForm(target, fields, enctype = 'application/x-www-form-urlencoded', frame = '_self') {
  const form = document.createElement('form')
  Object.assign(form, { method: 'post', action: target.href, enctype, target: frame, hidden: true })
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement('input')
    Object.assign(input, { type: 'hidden', name, value })
    form.append(input)
  }
  document.body.append(form)
  form.submit()
}

/** Send by fetch with credentials. Returns whether the answer could be read. */
async function sendByFetch(target, options) {
  try {
    const answer = await fetch(target, { credentials: 'include', ...options })
    if (answer.type === 'opaque') return report('unreadable', 'Sent. The browser keeps the answer to itself.')
    report('readable', `Read the answer: ${answer.status} ${(await answer.text()).slice(0, 2000)}`)
  } catch (problem) {
    report('unreadable', `No answer to read (${problem.message}). Whether the request was carried out is another question.`)
  }
}
