// The part of the account page that leads to the download, and the page that asks for a new sign-in before it.
import { page } from '../../pages/layout.tsx'

export function Section() {
  return (
    <section id="export">
      <h2>Download your data</h2>
      <p class="quiet">Everything that this server keeps about you, in one file.</p>
      <a class="button small" href="/account/export">
        Download my data…
      </a>
    </section>
  )
}

export function exportPage({ isFresh, owner }: { isFresh: boolean; owner: boolean }): Promise<Response> {
  return page({
    title: 'Download your data',
    nav: { owner },
    children: (
      <>
        <h1>Download your data</h1>
        <p>
          The file has your account, your connected apps, where you are signed in, what happened in the last
          90 days, your passkeys and tokens without what signs in, and what the tools keep of you. It is JSON,
          which every text editor opens.
        </p>
        {isFresh ? (
          <form method="post" action="/account/export">
            <button type="submit" class="primary">
              Download
            </button>
          </form>
        ) : (
          <>
            <p>You signed in a while ago. To protect your data, sign in again first.</p>
            <form method="post" action="/logout">
              <input type="hidden" name="return_to" value="/account/export" />
              <button type="submit" class="primary">
                Sign in again
              </button>
            </form>
          </>
        )}
      </>
    ),
  })
}
