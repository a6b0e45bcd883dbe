import { EventSource } from 'eventsource';
import { CHANGES, type Following, type Message, VARIABLES } from './changes.ts';

export function followByEventSource({
  url,
  query = CHANGES,
  variables = VARIABLES,
  apply,
  ended,
}: Following): () => void {
  // recipe: EventSource
  // It comes back by itself, with the `id` of the last event that it has. In a browser it cannot send a token: it follows as the public.
  const source = new EventSource(`${url}?${new URLSearchParams({ query, variables: JSON.stringify(variables) })}`);
  source.addEventListener('next', ({ data }) => apply(JSON.parse(data) as Message));
  source.addEventListener('complete', () => {
    source.close(); // finished: without it, an EventSource would begin anew
    ended(null);
  });
  source.addEventListener('error', (error) => {
    // While it reconnects it is CONNECTING. It is closed for what trying again would not mend.
    if (source.readyState === EventSource.CLOSED) ended(error);
  });
  // end of recipe
  return () => source.close();
}
