// The page that asks once before the owner ends something. Without a script.
import { page } from './layout.tsx'

interface Question {
  readonly title: string
  /** The name of the person or app; undefined where the server does not know it. */
  readonly subject: string | undefined
  readonly consequences: string
  readonly button: string
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
  /** Where Cancel leads. */
  readonly back: string
}

export function askPage({ title, subject, consequences, button, action, fields, back }: Question) {
  return page({
    title,
    nav: { owner: true },
    children: (
      <form method="post" action={action}>
        <h1>{title}?</h1>
        {subject !== undefined && (
          <p>
            <strong>
              <bdi>{subject}</bdi>
            </strong>
          </p>
        )}
        <p>{consequences}</p>
        {Object.entries(fields).map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <div class="choice">
          <a class="button" href={back}>
            Cancel
          </a>
          <button type="submit" class="danger">
            {button}
          </button>
        </div>
      </form>
    ),
  })
}
