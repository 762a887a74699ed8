/** @file Which C++ compiler there is to build the kernels with. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Commands to try, in order. @param requested the only one; by default the environment variable CXX */
export function compilerCandidates(requested: string | undefined = process.env['CXX'] || undefined): string[] {
  return requested === undefined ? ['g++', 'clang++'] : [requested];
}

/** Whether a compiler is on the path; it is not started. */
export function hasCompiler(): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return compilerCandidates().some((candidate) => {
    const command = candidate.trim().split(/\s+/)[0]!;
    return command.includes('/')
      ? isExecutable(command)
      : folders.some((folder) => isExecutable(join(folder, command)));
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A command that installs a compiler, by the system's own means. */
export function howToInstallCompiler(): string {
  if (process.platform === 'darwin') return 'xcode-select --install';
  if (existsSync('/sbin/apk')) return 'apk add g++';
  if (existsSync('/usr/bin/dnf')) return 'dnf install gcc-c++';
  return 'Debian and Ubuntu: apt install g++';
}
