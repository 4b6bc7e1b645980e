// Sends the page's one form on. Without script there is a button.
const form = document.querySelector('form[data-auto-submit]')
const extra = form?.dataset.autoSubmit
if (extra) {
  const input = document.createElement('input')
  input.type = 'hidden'
  input.name = extra
  input.value = 'yes'
  form.append(input)
}
form?.submit()
