/** What ends an activity as Failed, in the words of the service. Thrown inside an activity, caught by the run. */
export class ActivityFailure extends Error {
  override readonly name = 'ActivityFailure';
  /** The service's own number; 2200 is Copy's "user configuration". */
  readonly errorCode: string;
  readonly failureType: 'UserError' | 'SystemError';
  constructor(errorCode: string, failureType: 'UserError' | 'SystemError', message: string) {
    super(message);
    this.errorCode = errorCode;
    this.failureType = failureType;
  }
}

/**
 * Codes of the copy runtime. Sources: MS Learn "Troubleshoot connectors" (FTP, SFTP and HTTP: HttpFileFailedToRead;
 * ADLS Gen2: AdlsGen2OperationFailed; JSON: JsonInvalidDataFormat) and issue threads (UserErrorFileNotFound).
 */
export type CopyErrorCode =
  | 'UserErrorFileNotFound'
  | 'UserErrorFailedFileOperation'
  | 'UserErrorInvalidPath'
  | 'UserErrorInvalidCopyBehavior'
  | 'UserErrorFormatConversion'
  | 'UserErrorTooManyFiles'
  | 'HttpFileFailedToRead'
  | 'AdlsGen2OperationFailed'
  | 'JsonInvalidDataFormat';

export function copyFailure(code: CopyErrorCode, side: 'Source' | 'Sink', message: string): ActivityFailure {
  return new ActivityFailure(
    '2200',
    'UserError',
    `Failure happened on '${side}' side. ErrorCode=${code},'Type=Microsoft.DataTransfer.Common.Shared.` +
      `HybridDeliveryException,Message=${message},Source=Microsoft.DataTransfer.ClientLibrary,'`,
  );
}
