// What a person types at a prompt, without echo where it is secret.

import { text as textOfStream } from 'node:stream/consumers'
import { UsageError } from './failure.ts'

export type Asking = (question: string, shown: 'shown' | 'hidden') => Promise<string>

const ENTER = new Set(['\r', '\n'])
const BREAK = new Set(['\u0003', '\u0004'])
const ERASE = new Set(['\u007f', '\b'])

/** At the keyboard of this process; undefined when nobody sits there. */
export function askAtKeyboard(): Asking | undefined {
  const { stdin, stderr } = process
  if (stdin.isTTY !== true) return undefined
  return (question, shown) =>
    new Promise((settle, reject) => {
      stderr.write(question)
      stdin.setRawMode(true)
      stdin.resume().setEncoding('utf8')
      let text = ''
      const end = (): void => {
        stdin.off('data', heard)
        stdin.setRawMode(false)
        stdin.pause()
        stderr.write('\n')
      }
      const heard = (typed: string): void => {
        for (const key of typed) {
          if (ENTER.has(key)) {
            end()
            settle(text)
            return
          }
          if (BREAK.has(key)) {
            end()
            reject(new UsageError('broken off / 中断しました'))
            return
          }
          if (ERASE.has(key)) {
            if (shown === 'shown' && text !== '') stderr.write('\b \b')
            text = [...text].slice(0, -1).join('')
          } else {
            text += key
            if (shown === 'shown') stderr.write(key)
          }
        }
      }
      stdin.on('data', heard)
    })
}

export function readInput(): Promise<string> {
  return textOfStream(process.stdin)
}
