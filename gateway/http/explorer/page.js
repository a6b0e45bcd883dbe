// The explorer's page. It runs in the browser without a build; React and GraphiQL are globals of the scripts before it.
// Tokens live in this page's memory alone: never in an address, in storage or in GraphiQL's history.
(() => {
  const { createElement: h, useMemo, useRef, useState, useEffect } = globalThis.React;
  const { GraphiQL, ReactDOM } = globalThis;
  const { savedQueries, hasTokens } = JSON.parse(document.getElementById('settings').textContent);

  const PUBLIC = 'PUBLIC';
  const OWN_TOKEN = 'own token';

  const readRoleTokens = async () => {
    if (!hasTokens) return [];
    const answer = await fetch('./explorer/tokens.json');
    if (!answer.ok) throw new Error(`tokens.json answered ${answer.status}`);
    return (await answer.json()).filter(({ token }) => token !== null);
  };

  const field = (label, control) => h('label', { className: 'field' }, h('span', null, label), control);

  // A new fetcher makes GraphiQL introspect again, so the docs and completions are the chosen role's own view.
  const createFetcher = (token, purpose) =>
    GraphiQL.createFetcher({
      url: './graphql',
      enableIncrementalDelivery: false,
      fetch: (url, init) =>
        fetch(url, {
          ...init,
          headers: {
            ...(token && { authorization: `Bearer ${token}` }),
            ...(purpose.current && { 'x-purpose': purpose.current }),
            ...init.headers,
          },
        }),
    });

  function RolePicker({ role, roles, onPick }) {
    return field(
      'View as',
      h(
        'select',
        { value: role, onChange: (event) => onPick(event.target.value) },
        h('option', { value: PUBLIC }, 'PUBLIC (no token)'),
        roles.map((each) => h('option', { key: each, value: each }, each)),
        h('option', { value: OWN_TOKEN }, 'A token of my own…'),
      ),
    );
  }

  function TokenField({ onToken }) {
    const take = (event) => onToken(event.target.value.trim() || null);
    return field(
      'Token',
      h('input', {
        type: 'password',
        autoComplete: 'off',
        placeholder: 'paste, then press Enter',
        onKeyDown: (event) => event.key === 'Enter' && take(event),
        onBlur: take,
      }),
    );
  }

  function SavedQueryPicker({ onPick }) {
    return field(
      'Saved query',
      h(
        'select',
        {
          // Always shows the prompt: picking is an action, so that a query can be picked again after it was edited.
          value: '',
          onChange: (event) => onPick(savedQueries[Number(event.target.value)]),
        },
        h('option', { value: '', disabled: true }, 'Load…'),
        savedQueries.map(({ name }, index) => h('option', { key: name, value: index }, name)),
      ),
    );
  }

  function PurposeField({ onPurpose }) {
    return field(
      'Purpose',
      h('input', {
        spellCheck: false,
        placeholder: 'sent as x-purpose',
        onChange: (event) => onPurpose(event.target.value.trim()),
      }),
    );
  }

  function Editor({ fetcher, loaded }) {
    return h(
      GraphiQL,
      {
        fetcher,
        ...loaded,
        defaultTabs: savedQueries.slice(0, 1).map(asTab),
        // Queries name enterprises: what was typed ends with the browser tab.
        storage: sessionStorage,
        shouldPersistHeaders: false,
        showPersistHeadersSettings: false,
        defaultEditorToolsVisibility: 'variables',
      },
      h(GraphiQL.Logo, null, ' '),
    );
  }

  function Explorer() {
    const [roles, setRoles] = useState([]);
    // One state: the role shown and the token sent must never differ, however fast someone picks.
    const [viewer, setViewer] = useState({ role: PUBLIC, token: null });
    const [problem, setProblem] = useState(null);
    const [loaded, setLoaded] = useState({});
    // A ref, not state: a new purpose must reach the next request, but does not change the role's schema.
    const purpose = useRef('');
    const fetcher = useMemo(() => createFetcher(viewer.token, purpose), [viewer.token]);

    useEffect(() => {
      readRoleTokens().then(
        (tokens) => setRoles(tokens.map(({ role }) => role)),
        (error) => setProblem(error.message),
      );
    }, []);

    const viewAs = async (role) => {
      setProblem(null);
      if (role === PUBLIC || role === OWN_TOKEN) return setViewer({ role, token: null });
      try {
        // Read again: demo tokens expire, and a page may stay open for days.
        const found = (await readRoleTokens()).find((one) => one.role === role);
        if (!found) throw new Error(`There is no token for ${role} any more`);
        setViewer(found);
      } catch (error) {
        setProblem(error.message);
      }
    };
    const load = (query) => {
      const tab = asTab(query);
      // GraphiQL takes a text over when the property changes. It is emptied first, so that the same query can be picked
      // again.
      ReactDOM.flushSync(() => setLoaded({ query: '', variables: '' }));
      setLoaded(tab);
    };

    return h(
      'div',
      { className: 'explorer' },
      h(
        'header',
        { className: 'bar' },
        h('h1', null, 'Credit Graph'),
        h(RolePicker, { role: viewer.role, roles, onPick: (role) => void viewAs(role) }),
        viewer.role === OWN_TOKEN && h(TokenField, { onToken: (token) => setViewer({ role: OWN_TOKEN, token }) }),
        h(SavedQueryPicker, { onPick: load }),
        h(PurposeField, {
          onPurpose: (given) => {
            purpose.current = given;
          },
        }),
        problem && h('p', { className: 'problem', role: 'alert' }, problem),
      ),
      h(Editor, { fetcher, loaded }),
    );
  }

  function asTab({ query, variables }) {
    return { query, variables: variables ? JSON.stringify(variables, null, 2) : '' };
  }

  ReactDOM.createRoot(document.getElementById('explorer')).render(h(Explorer));
})();
