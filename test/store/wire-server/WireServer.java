import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** A MongoDB wire server in memory, on a loopback port that it prints; it ends when its standard input does. */
public class WireServer {
  public static void main(String[] args) throws Exception {
    MemoryBackend backend = new MemoryBackend();
    backend.version(new Announced());
    MongoServer server = new MongoServer(backend);
    // Change streams need it; it costs every write, so only who asks for it gets it.
    if (args.length > 1 && args[1].equals("oplog")) server.enableOplog();
    server.bind("127.0.0.1", args.length > 0 ? Integer.parseInt(args[0]) : 0);
    System.out.println("listening " + server.getLocalAddress().getPort());
    while (System.in.read() != -1) {
      // What comes in means nothing; its end does.
    }
    server.shutdownNow();
  }

  /** The driver refuses servers before 4.4. This one knows what the store uses of 4.4, and announces less by itself. */
  private static final class Announced implements MongoVersion {
    @Override
    public List<Integer> getVersionArray() {
      return List.of(4, 4, 0, 0);
    }

    @Override
    public int getWireVersion() {
      return 9;
    }
  }
}
