// Small things that make pages nicer. Everything works without them.

// What went wrong is read out first.
document.querySelector('.summary')?.focus()

// A second press while the first is under way changes nothing, and the button says that it is working.
for (const form of document.forms) {
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) {
      event.preventDefault()
      return
    }
    form.dataset.sent = 'yes'
    const button = event.submitter
    if (!button) return
    button.setAttribute('aria-disabled', 'true')
    if (document.body.dataset.working && button.classList.contains('primary'))
      button.textContent = document.body.dataset.working
  })
}

// Times where the reader is; the server only knows them in UTC.
const localTime = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: 'medium', timeStyle: 'short' })
for (const element of document.querySelectorAll('time[datetime]')) {
  element.textContent = localTime.format(new Date(element.dateTime))
}

// Coming back by the back button: the page is as it was before.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})

for (const button of document.querySelectorAll('button[data-reveals]')) {
  const input = document.getElementById(button.dataset.reveals)
  button.hidden = false
  button.addEventListener('click', () => {
    const isHidden = input.type === 'password'
    input.type = isHidden ? 'text' : 'password'
    button.textContent = isHidden ? button.dataset.hide : button.dataset.show
    button.setAttribute('aria-pressed', String(isHidden))
    input.focus()
  })
}

for (const button of document.querySelectorAll('button[data-copy]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
    const text = button.textContent
    button.textContent = button.dataset.done
    setTimeout(() => {
      button.textContent = text
    }, 2000)
  })
}

for (const button of document.querySelectorAll('button[data-download]')) {
  button.hidden = false
  button.addEventListener('click', () => {
    const text = document.getElementById(button.dataset.download).textContent
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }))
    link.download = button.dataset.file
    link.click()
    URL.revokeObjectURL(link.href)
  })
}

for (const button of document.querySelectorAll('button[data-print]')) {
  button.hidden = false
  button.addEventListener('click', () => print())
}
