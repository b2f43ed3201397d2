package varbridge.engine;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.context.WebServerPortFileWriter;

/**
 * Camunda's REST API over an engine in memory; what it is stands in application.yaml.
 *
 * <p>With {@code -DPORTFILE=path} the port it got is written there, so that nobody has to guess a free one.
 */
@SpringBootApplication
public class Application {
    public static void main(String[] arguments) {
        SpringApplication application = new SpringApplication(Application.class);
        if (System.getProperty("PORTFILE") != null) {
            application.addListeners(new WebServerPortFileWriter());
        }
        application.run(arguments);
    }
}
