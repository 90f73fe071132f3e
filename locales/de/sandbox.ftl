# Der eingebaute Drittanbieter. Er ist bewusst ein anderes Produkt als Link und sagt von sich, dass er zum Testen da ist.

## Anmelden
sandbox-title = Anmelden
sandbox-test-title = Ein in Handclasp eingebauter Testdienst
sandbox-test-text = Personen, Unternehmen und ihre Daten sind hier erfunden. Sie brauchen kein Passwort.
sandbox-heading = Bei { $service } anmelden
sandbox-asks-for-books = { $app } möchte die Bücher eines Ihrer Unternehmen lesen: Rechnungen, Konten und Berichte.
sandbox-asks-for-accounts = { $app } möchte die Bankkonten eines Ihrer Unternehmen lesen: Salden und Umsätze.
sandbox-asks-for-sales = { $app } möchte die Verkäufe eines Ihrer Unternehmen lesen: Bestellungen, Produkte und Kunden.
sandbox-asks-for-identity = { $app } möchte wissen, wer Sie sind.
sandbox-asks-to-stay = Das gilt, bis Sie es beenden.
sandbox-email = E-Mail
sandbox-email-hint = { $person } ist die einzige Person hier.
sandbox-companies = Welches Unternehmen?
sandbox-note-bakery = Bäckerei mit Café
sandbox-note-cycles = Fahrradladen mit Werkstatt
sandbox-note-joinery = Möbel nach Maß
sandbox-allow = Zugriff erlauben
sandbox-decline = Ablehnen
sandbox-go-on = Weiter

## Andere Ausgänge zum Ausprobieren
sandbox-outcomes = Einen anderen Ausgang ausprobieren
sandbox-outcome = Was soll geschehen?
sandbox-seconds = Sekunden
sandbox-seconds-hint = Für Ausgänge mit einem N. Bleibt das Feld leer, gilt eine übliche Zahl.
sandbox-later = Nicht jetzt, sondern wenn die App ihren Zugriff erneuert (für Ausgänge am Token-Endpunkt)
sandbox-go-on-so = Mit diesem Ausgang weiter
sandbox-fixed-title = Was geschieht, legt die Adresse fest, die hierher führte
sandbox-fixed-seconds = (N ist { $seconds })
sandbox-fixed-later = Ab der ersten Erneuerung; davor geht alles gut.
sandbox-group-sign-in = Bei der Anmeldung
sandbox-group-tokens = Am Token-Endpunkt
sandbox-group-life = Nach der Anmeldung
sandbox-group-calls = In der API
sandbox-does-allow = Alles geht gut
sandbox-does-several-entities = Zugriff auf mehrere Unternehmen zugleich
sandbox-does-wrong-company = Zugriff auf ein anderes Unternehmen als alle hier angebotenen
sandbox-does-too-few-scopes = Weniger erlauben, als die App braucht
sandbox-does-decline = Ablehnen
sandbox-does-server-error = Die Anmeldung mit einem Serverfehler beantworten
sandbox-does-unavailable = Die Anmeldung mit „vorübergehend nicht verfügbar“ beantworten
sandbox-does-slow = Langsam: Die Tokens kommen nach N Sekunden
sandbox-does-token-server-error = Keine Tokens: Status 500
sandbox-does-token-unavailable = Keine Tokens: Status 503, nach N Sekunden noch einmal fragen
sandbox-does-rate-limited = Keine Tokens: Status 429, nach N Sekunden noch einmal fragen
sandbox-does-error-with-200 = Keine Tokens: ein Fehler mit Status 200
sandbox-does-html = Keine Tokens: eine Webseite
sandbox-does-oversized = Keine Tokens: eine Antwort von 100 MB
sandbox-does-trickle = Keine Tokens: ein Byte je Sekunde
sandbox-does-reset = Keine Tokens: Die Antwort bricht ab
sandbox-does-expires-text = Tokens, deren Dauer ein Text ist
sandbox-does-expires-float = Tokens, deren Dauer keine ganze Zahl ist
sandbox-does-expires-zero = Tokens, deren Dauer 0 ist
sandbox-does-expires-null = Tokens, deren Dauer null ist
sandbox-does-expires-missing = Tokens ohne Dauer
sandbox-does-expires-huge = Tokens, deren Dauer länger ist als die Zeit
sandbox-does-refresh-missing = Kein Refresh-Token
sandbox-does-refresh-empty = Ein leeres Refresh-Token
sandbox-does-form = Tokens als Formular statt als JSON
sandbox-does-byte-order-mark = Tokens nach einer Bytereihenfolge-Marke
sandbox-does-expires = Zugriffstokens, die nach N Sekunden enden
sandbox-does-revoked = Zugriff, der nach N Sekunden widerrufen wird
sandbox-does-answer-lost = Die Antwort der ersten Erneuerung geht verloren, und noch einmal zu fragen gilt als Diebstahl
sandbox-does-calls-token-refused = Die API weist das erste Zugriffstoken ab und nimmt ein erneuertes
sandbox-does-calls-rate-limited = Die API nimmt N Sekunden lang Aufrufe an und antwortet N Sekunden lang 429, im Wechsel
sandbox-does-calls-unavailable = Die API antwortet 503, nach N Sekunden noch einmal fragen

## Die Freigaben eines Browsers
sandbox-grants-link = Zugriff, der in diesem Browser erlaubt wurde
sandbox-grants-title = Zugriff, den Sie erlaubt haben
sandbox-grants-lead = Diese Apps haben Zugriff durch eine Anmeldung in diesem Browser. Widerrufen Sie einen, um zu sehen, was die App daraus macht.
sandbox-grants-none-title = Keine App hat Zugriff
sandbox-grants-none-text = Wenn Sie in diesem Browser Zugriff erlauben, steht er hier.
sandbox-grant-works = Gilt
sandbox-grant-ended = Beendet
sandbox-grant-app = App
sandbox-grant-outcome = Ausgang
sandbox-grant-made = Erlaubt oder erneuert
sandbox-grant-renewed = Erneuerungen
sandbox-grant-revoke = Zugriff widerrufen
sandbox-clock-title = Die Uhr der Sandbox
sandbox-clock-text = Nach ihr laufen Tokens ab. Vorgestellt geht sie nie zurück.
sandbox-clock-ahead = Sie geht { $seconds } Sekunden vor.
sandbox-clock-hour = Eine Stunde vor
sandbox-clock-day = Einen Tag vor
sandbox-clock-months = Zwei Monate vor

## Auf dem Rückweg
sandbox-back-title = Zurück zu { $app }
sandbox-back-lead = Das dauert einen Moment. Falls nichts geschieht, gehen Sie selbst weiter.
sandbox-back-button = Weiter zu { $app }

## Fehler
sandbox-unknown-app-title = Wir wissen nicht, wer fragt
sandbox-unknown-app-what = Die App, die Sie hierher geschickt hat, ist bei der Sandbox nicht registriert, oder sie nannte eine Rückadresse, die nicht ihre ist. Es wurde nichts freigegeben.
sandbox-unknown-app-todo = Gehen Sie zurück zur App und beginnen Sie noch einmal. Geschieht es wieder, sagen Sie es denen, die sie betreiben.
sandbox-no-scenario-title = Diesen Ausgang gibt es nicht
sandbox-no-scenario-what = Die Adresse, die hierher führte, legt einen Ausgang fest, den die Sandbox nicht kennt. Es wurde nichts freigegeben.
sandbox-no-scenario-todo = Suchen Sie seinen Namen in der Dokumentation, oder lassen Sie sandbox.scenario in der Adresse weg, um hier zu wählen.
sandbox-bad-outcome-title = So ist dieser Ausgang nicht zu haben
sandbox-bad-outcome-what = Nur Ausgänge mit einem N nehmen Sekunden, und nicht beliebig viele. Nur die des Token-Endpunkts lassen sich auf die Erneuerung verschieben.
sandbox-bad-outcome-todo = Gehen Sie zurück und wählen Sie noch einmal.
sandbox-full-title = Dieser Browser hat genug Freigaben
sandbox-full-what = Hundert Freigaben aus diesem Browser gelten noch, und mehr sollen es nicht sein.
sandbox-full-todo = Widerrufen Sie welche, die Sie nicht mehr brauchen, und gehen Sie dann zurück.
sandbox-too-late-title = Diese Anmeldung ist abgelaufen
sandbox-too-late-what = Sie waren auf dem Weg zurück zur App, aber es ist mehr als eine Minute vergangen. Es wurde nichts freigegeben.
sandbox-too-late-todo = Gehen Sie zurück zur App und beginnen Sie noch einmal.
