import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ConfigError } from './config-error.js';
import { readSettingFile } from './secret-files.js';

/** How brokers are known, and how this process shows who it is; texts in PEM. */
export interface KafkaTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

interface TlsSettings {
  readonly KAFKA_SSL?: boolean | undefined;
  readonly KAFKA_SSL_CA_FILE?: string | undefined;
  readonly KAFKA_SSL_CERT_FILE?: string | undefined;
  readonly KAFKA_SSL_KEY_FILE?: string | undefined;
}

/** @returns false for no TLS, true for TLS with the certificates that Node trusts. @throws ConfigError for files that cannot be used */
export function kafkaTls(settings: TlsSettings): boolean | KafkaTls {
  const { KAFKA_SSL, KAFKA_SSL_CA_FILE, KAFKA_SSL_CERT_FILE, KAFKA_SSL_KEY_FILE } = settings;
  if (KAFKA_SSL_CA_FILE === undefined && KAFKA_SSL_CERT_FILE === undefined && KAFKA_SSL_KEY_FILE === undefined) return KAFKA_SSL ?? false;
  if (KAFKA_SSL === false) throw new ConfigError('KAFKA_SSL=0 and files for TLS are both set: leave one out');
  if ((KAFKA_SSL_CERT_FILE === undefined) !== (KAFKA_SSL_KEY_FILE === undefined)) throw new ConfigError('KAFKA_SSL_CERT_FILE and KAFKA_SSL_KEY_FILE belong together: one is missing');
  const tls = {
    ...(KAFKA_SSL_CA_FILE === undefined ? {} : { ca: pem('KAFKA_SSL_CA_FILE', KAFKA_SSL_CA_FILE, 'certificates', (text) => new X509Certificate(text)) }),
    ...(KAFKA_SSL_CERT_FILE === undefined ? {} : { cert: pem('KAFKA_SSL_CERT_FILE', KAFKA_SSL_CERT_FILE, 'a certificate', (text) => new X509Certificate(text)) }),
    ...(KAFKA_SSL_KEY_FILE === undefined ? {} : { key: pem('KAFKA_SSL_KEY_FILE', KAFKA_SSL_KEY_FILE, 'a private key without a passphrase', (text) => createPrivateKey(text)) }),
  };
  try {
    createSecureContext(tls);
  } catch {
    throw new ConfigError(`KAFKA_SSL_KEY_FILE=${KAFKA_SSL_KEY_FILE ?? ''} is not the key of KAFKA_SSL_CERT_FILE=${KAFKA_SSL_CERT_FILE ?? ''}`);
  }
  return tls;
}

function pem(setting: string, file: string, expected: string, read: (text: string) => unknown): string {
  const text = readSettingFile(setting, file);
  try {
    read(text);
  } catch {
    throw new ConfigError(`${setting}=${file} is not ${expected} in PEM`);
  }
  return text;
}
