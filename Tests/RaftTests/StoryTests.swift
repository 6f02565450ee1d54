import Simulation
import Testing

@Suite("Stories of Raft in trouble")
struct StoryTests {
  @Test("each ends well", arguments: RaftStory.allCases)
  func story(story: RaftStory) { #expect(story.run() == nil) }
}
