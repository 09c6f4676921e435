// What the user sees in their app after the browser: a plain stand-in for any app, around the answer that the server gave.

/** A page. @param answer the text that the tool returned */
export function chat(answer: string): string {
  return `<!doctype html><style>
    body { margin: 0; background: #fff; color: #1d2226; font: 16px/1.5 system-ui, sans-serif; height: 100vh;
      box-sizing: border-box; padding: 40px 28px; display: flex; flex-direction: column; gap: 24px }
    p { margin: 0 } .user { align-self: flex-end; background: #eef0f2; border-radius: 18px; padding: 12px 18px }
    .call { border: 1px solid #dedad1; border-radius: 12px; padding: 14px 18px; display: grid; gap: 6px }
    .call b { font-weight: 600 } code { font: 14px ui-monospace, monospace; color: #5b636a }
    .box { margin-top: auto; border: 1px solid #c9ccd0; border-radius: 24px; padding: 16px 20px; color: #8a9096 }
  </style>
  <p class="user">Remember that I need milk and bread</p>
  <div class="call"><b>gatehouse: add_note</b><code>text: "Buy milk and bread"</code><code>→ ${answer}</code></div>
  <p>Done. I saved it as a note: <em>Buy milk and bread</em>.</p>
  <div class="box">Message your app</div>`
}
