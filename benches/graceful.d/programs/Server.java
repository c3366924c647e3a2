import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Executors;

public class Server {
    public static void main(String[] words) throws Exception {
        int port = Integer.parseInt(System.getenv("PORT"));
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
        server.setExecutor(Executors.newCachedThreadPool());
        server.createContext("/", exchange -> {
            try {
                Files.write(Path.of("begun"), new byte[0]);
                Thread.sleep(1000);
                exchange.sendResponseHeaders(200, 8);
                exchange.getResponseBody().write("finished".getBytes());
                exchange.close();
            } catch (InterruptedException interrupted) {
                exchange.close();
            }
        });
        // It waits for exchanges in progress, two seconds at most.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> server.stop(2)));
        server.start();
    }
}
