/** A refusal of the control plane, said as `{error:{code,message}}`. Thrown below a request, answered at its edge. */
export class ArmError extends Error {
  override readonly name = 'ArmError';
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The caller's document or argument is wrong. `code` as the service gives it for almost everything: BadRequest. */
export function badRequest(message: string, code = 'BadRequest'): ArmError {
  return new ArmError(400, code, message);
}
