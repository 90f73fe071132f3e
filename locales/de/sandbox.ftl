# Der eingebaute Drittanbieter. Er ist bewusst ein anderes Produkt als Link und sagt von sich, dass er zum Testen da ist.

## Anmelden
sandbox-title = Anmelden
sandbox-test-title = Ein in Handclasp eingebauter Testdienst
sandbox-test-text = Personen, Unternehmen und Bücher sind hier erfunden. Sie brauchen kein Passwort.
sandbox-heading = Bei Sandbox Accounting anmelden
sandbox-asks-for-books = { $app } möchte die Bücher eines Ihrer Unternehmen lesen: Rechnungen, Konten und Berichte.
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
sandbox-server-error = Mit einem Serverfehler antworten

## Auf dem Rückweg
sandbox-back-title = Zurück zu { $app }
sandbox-back-lead = Das dauert einen Moment. Falls nichts geschieht, gehen Sie selbst weiter.
sandbox-back-button = Weiter zu { $app }

## Fehler
sandbox-unknown-app-title = Wir wissen nicht, wer fragt
sandbox-unknown-app-what = Die App, die Sie hierher geschickt hat, ist bei Sandbox Accounting nicht registriert, oder sie nannte eine Rückadresse, die nicht ihre ist. Es wurde nichts freigegeben.
sandbox-unknown-app-todo = Gehen Sie zurück zur App und beginnen Sie noch einmal. Geschieht es wieder, sagen Sie es denen, die sie betreiben.
sandbox-too-late-title = Diese Anmeldung ist abgelaufen
sandbox-too-late-what = Sie waren auf dem Weg zurück zur App, aber es ist mehr als eine Minute vergangen. Es wurde nichts freigegeben.
sandbox-too-late-todo = Gehen Sie zurück zur App und beginnen Sie noch einmal.
