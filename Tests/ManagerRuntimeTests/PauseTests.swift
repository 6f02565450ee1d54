import ManagerRuntime
import Testing

@Suite("A pause that can be cut short")
struct PauseTests {
  @Test("it ends when it is told to, also when it was told before it began, and then only once")
  func end() async {
    let pause = Pause()
    let clock = ContinuousClock()
    pause.end()
    #expect(await clock.measure { await pause.sleep(for: .seconds(60)) } < .seconds(30))
    #expect(await clock.measure { await pause.sleep(for: .milliseconds(50)) } >= .milliseconds(50))
    let sleeping = _Concurrency.Task { await pause.sleep(for: .seconds(60)) }
    try? await _Concurrency.Task.sleep(for: .milliseconds(20))
    #expect(
      await clock.measure {
        pause.end()
        await sleeping.value
      } < .seconds(30))
  }

  @Test("it ends with the task that sleeps")
  func cancellation() async {
    let pause = Pause()
    let sleeping = _Concurrency.Task { await pause.sleep(for: .seconds(60)) }
    sleeping.cancel()
    #expect(await ContinuousClock().measure { await sleeping.value } < .seconds(30))
  }
}
