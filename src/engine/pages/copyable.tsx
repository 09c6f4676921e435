// A text to be taken away, with a button that copies it.

export function Copyable({ text }: { text: string }) {
  return (
    <div class="copyable">
      <pre>
        <code>{text}</code>
      </pre>
      <button type="button" class="small" hidden>
        Copy
      </button>
    </div>
  )
}

/** The script of a page that holds one. Without it there is no button, and the text can still be selected. */
export const COPY = `
for (const box of document.querySelectorAll('.copyable')) {
  const button = box.querySelector('button')
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(box.querySelector('code').textContent)
    button.textContent = 'Copied'
    setTimeout(() => { button.textContent = 'Copy' }, 2000)
  })
}`
