import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useCatalogue } from "@/features/graph/store/catalogue";
import { signIn, useServer, watchSession } from "@/shared/store/server";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { Field } from "@/shared/ui/fields/Field";
import { INPUT } from "@/shared/ui/fields/TextField";

const FIRST =
  "This server was started with a token: the value of VISDL_TOKEN. Your browser keeps a session, not the token.";
const AGAIN =
  "Your session has ended. Enter the token, the value of VISDL_TOKEN, to continue. Unsaved edits are kept.";

/** Asks for the token of a server that was started with one. */
export function SignIn() {
  const needed = useServer((state) => state.needsToken);
  const inUse = useCatalogue((state) => state.status === "ready");
  useEffect(watchSession, []);
  return (
    <Dialog open={needed} title="Sign in" description={inUse ? AGAIN : FIRST}>
      <SignInForm />
    </Dialog>
  );
}

function SignInForm() {
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState("");
  const [error, setError] = useState<string>();
  const [sending, setSending] = useState(false);

  const send = async (): Promise<void> => {
    setSending(true);
    const whyNot = await signIn(token);
    if (whyNot !== null) {
      setError(whyNot);
      setSending(false);
      input.current?.focus();
      input.current?.select();
    } else await queries.invalidateQueries();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (!sending) void send();
  };
  return (
    <form onSubmit={submit} className="flex flex-col gap-3 pb-2">
      <Field label="Token" htmlFor="token" error={error}>
        <input
          ref={input}
          id="token"
          type="password"
          autoComplete="current-password"
          className={INPUT}
          aria-invalid={error !== undefined || undefined}
          aria-describedby={error && "token-error"}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
      </Field>
      <Button type="submit" variant="primary" disabled={token === "" || sending} className="self-end">
        Sign in
      </Button>
    </form>
  );
}
