import { type FormEvent, useState } from "react";
import { signIn, useServer } from "@/shared/store/server";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { Field } from "@/shared/ui/fields/Field";
import { INPUT } from "@/shared/ui/fields/TextField";

/** Asks for the token of a server that was started with one. */
export function SignIn() {
  const needed = useServer((state) => state.needsToken);
  const [token, setToken] = useState("");
  const [error, setError] = useState<string>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    signIn(token).catch((reason: unknown) =>
      setError(reason instanceof Error ? reason.message : String(reason)),
    );
  };
  return (
    <Dialog
      open={needed}
      title="Sign in"
      description="This server was started with a token: the value of VISDL_TOKEN. Your browser keeps it in a cookie."
    >
      <form onSubmit={submit} className="flex flex-col gap-3 pb-2">
        <Field label="Token" htmlFor="token" error={error}>
          <input
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
        <Button type="submit" variant="primary" disabled={token === ""} className="self-end">
          Sign in
        </Button>
      </form>
    </Dialog>
  );
}
